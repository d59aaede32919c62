"""The forms of a roadmap's tasks: they belong to the engine, as the meaning of their answers does."""

from collections.abc import Mapping
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
HAND_IN: Final = _form(
    "roadmap-evidence",
    {"en": "Hand in what a gate was approved without", "es": "Entregar lo que faltaba al aprobar una puerta"},
    {"documents": {**_FILES, "minItems": 1}},
    ["documents"],
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
RISK: Final = _form(
    "roadmap-risk",
    {"en": "Answer a risk that has come", "es": "Responder a un riesgo que se ha cumplido"},
    {
        "decision": _choice(
            {"en": "What becomes of it?", "es": "¿Qué se hace con él?"},
            {
                "mitigated": {
                    "en": "Mitigated: the response is under way",
                    "es": "Mitigado: la respuesta está en marcha",
                },
                "accepted": {"en": "Accepted: nothing is done", "es": "Aceptado: no se hace nada"},
                "issue": {"en": "An issue now", "es": "Ya es una incidencia"},
            },
        ),
        "note": {**_NOTE, "minLength": 1},
    },
    ["decision", "note"],
)
CORRECTED: Final = _form(
    "roadmap-correction",
    {"en": "A corrective action", "es": "Una acción correctora"},
    {"note": {**_NOTE, "title": {"en": "What was done", "es": "Qué se ha hecho"}}},
    [],
)


def correct(owners: Mapping[str, JSON]) -> JSON:
    """Return the form that asks for corrective actions, each for one of the owners."""
    action = {
        "type": "object",
        "required": ["what"],
        "properties": {
            "what": {"type": "string", "minLength": 1, "maxLength": 500, "title": {"en": "What", "es": "Qué"}},
            "owner": _choice({"en": "Who; you if empty", "es": "Quién; usted si se deja vacío"}, dict(owners)),
            "until": {
                **_DAY,
                "title": {"en": "Until; two weeks if empty", "es": "Hasta; dos semanas si se deja vacío"},
            },
        },
    }
    return _form(
        "roadmap-correct",
        {"en": "Correct the course", "es": "Corregir el rumbo"},
        {
            "actions": {
                "type": "array",
                "maxItems": 20,
                "title": {"en": "Corrective actions", "es": "Acciones correctoras"},
                "items": action,
            },
            "note": {**_NOTE, "title": {"en": "Why; needed without actions", "es": "Por qué; necesario sin acciones"}},
        },
        [],
    )
