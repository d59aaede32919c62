"""The forms of a roadmap's tasks: they belong to the engine, as the meaning of their answers does."""

from typing import Any, Final

from workflows.roadmap.model import FACTORS

JSON = Any
_FACTORS: Final = {
    "training": {"en": "Training, so far", "es": "Formación, hasta ahora"},
    "data": {"en": "Data, so far", "es": "Datos, hasta ahora"},
    "integration": {"en": "Integration, so far", "es": "Integración, hasta ahora"},
    "management": {"en": "Management, so far", "es": "Gestión, hasta ahora"},
}
_NOTE: Final = {"type": "string", "maxLength": 2000, "title": {"en": "Note", "es": "Nota"}}
_REASON: Final = {"type": "string", "maxLength": 2000, "title": {"en": "Reason", "es": "Motivo"}}
_FILES: Final = {
    "type": "array",
    "maxItems": 20,
    "title": {"en": "Files", "es": "Archivos"},
    "items": {"type": "object", "format": "attachment"},
}
_MOST: Final = 10**12


def _form(name: str, title: JSON, properties: dict[str, JSON], required: list[str]) -> JSON:
    schema = {"type": "object", "required": required, "additionalProperties": False, "properties": properties}
    long = [each for each in ("note", "reason", "findings") if each in properties]
    return {"form": name, "title": title, "schema": schema, "ui": {"widgets": dict.fromkeys(long, "textarea")}}


def _choice(title: JSON, options: dict[str, JSON]) -> JSON:
    return {"title": title, "oneOf": [{"const": name, "title": words} for name, words in options.items()]}


_DAY: Final = {"type": "string", "format": "date"}
FINISH: Final = _form(
    "roadmap-activity",
    {"en": "Finish an activity", "es": "Terminar una actividad"},
    {
        "started": {**_DAY, "title": {"en": "Begun on", "es": "Empezada el"}},
        "finished": {**_DAY, "title": {"en": "Done on; today if empty", "es": "Terminada el; hoy si se deja vacío"}},
        **{each: {"type": "number", "minimum": 0, "maximum": _MOST, "title": _FACTORS[each]} for each in FACTORS},
        "documents": _FILES,
        "note": _NOTE,
    },
    [],
)
PROCESS: Final = _form(
    "roadmap-process",
    {"en": "After a process that did not get through", "es": "Tras un proceso que no ha salido adelante"},
    {
        "decision": _choice(
            {"en": "What now?", "es": "¿Y ahora?"},
            {
                "again": {"en": "Run the process again", "es": "Ejecutar el proceso de nuevo"},
                "done": {"en": "It is done, by hand", "es": "Está hecha, a mano"},
            },
        ),
        "finished": {**_DAY, "title": {"en": "Done on; today if empty", "es": "Terminada el; hoy si se deja vacío"}},
        "documents": _FILES,
        "note": _NOTE,
    },
    ["decision"],
)
PREPARE: Final = _form(
    "roadmap-gate-request",
    {"en": "Ask for a gate", "es": "Pedir una puerta"},
    {
        "documents": {
            "type": "array",
            "maxItems": 50,
            "title": {"en": "Files for its evidence", "es": "Archivos de sus evidencias"},
            "items": {
                "type": "object",
                "required": ["evidence", "file"],
                "properties": {
                    "evidence": {
                        "type": "integer",
                        "minimum": 0,
                        "title": {"en": "Evidence number, from 0", "es": "Número de la evidencia, desde 0"},
                    },
                    "file": {"type": "object", "format": "attachment", "title": {"en": "File", "es": "Archivo"}},
                },
            },
        },
    },
    [],
)
DECIDE: Final = _form(
    "roadmap-gate",
    {"en": "Decide a gate", "es": "Decidir una puerta"},
    {
        "approved": {
            "type": "boolean",
            "title": {"en": "The next phase may begin", "es": "La fase siguiente puede empezar"},
        },
        "reason": _REASON,
    },
    ["approved"],
)
SIGN: Final = _form(
    "roadmap-signature",
    {"en": "Sign for a gate", "es": "Firmar para una puerta"},
    {"signed": {"type": "boolean", "const": True, "title": {"en": "I sign this", "es": "Lo firmo"}}},
    ["signed"],
)
CHANGE: Final = _form(
    "roadmap-change",
    {"en": "Decide a change", "es": "Decidir un cambio"},
    {
        "decision": _choice(
            {"en": "Decision", "es": "Decisión"},
            {
                "approved": {"en": "Approved", "es": "Aprobado"},
                "rejected": {"en": "Rejected", "es": "Rechazado"},
                "deferred": {"en": "Deferred", "es": "Aplazado"},
            },
        ),
        "reason": _REASON,
    },
    ["decision"],
)
STOP: Final = _form(
    "roadmap-stop",
    {"en": "Go on or stop", "es": "Seguir o parar"},
    {
        "decision": _choice(
            {"en": "Decision", "es": "Decisión"},
            {
                "continue": {"en": "Go on", "es": "Seguir"},
                "re-plan": {"en": "Plan anew", "es": "Planificar de nuevo"},
                "stop": {"en": "Stop", "es": "Parar"},
            },
        ),
        "reason": {**_REASON, "minLength": 1},
    },
    ["decision", "reason"],
)
