"""What the demo company sells: pumps, valves and irrigation, and where its stock is."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Item:
    """One thing sold, its prices, and how much of it there is."""

    sku: str
    name: str
    family: str
    list_price: Decimal
    cost: Decimal
    on_hand: int
    arrives_in_days: int | None = None
    unit: str = "ud"
    warranty_months: int = 24


# sku, name, list price, cost as a percentage of it
PLENTY = (
    ("BOM-SUP-050", "Bomba de superficie 0,5 CV", "189.00", 62),
    ("BOM-SUP-100", "Bomba de superficie 1 CV", "264.00", 61),
    ("BOM-SUP-300", "Bomba de superficie 3 CV", "738.00", 60),
    ("BOM-SUM-100", "Bomba sumergible 1 CV", "415.50", 63),
    ("BOM-SUM-200", "Bomba sumergible 2 CV", "689.90", 62),
    ("BOM-SUM-550", "Bomba sumergible 5,5 CV", "1540.00", 64),
    ("BOM-CEN-750", "Bomba centrífuga 7,5 CV", "1985.00", 65),
    ("BOM-CEN-150", "Bomba centrífuga 15 CV", "3260.00", 66),
    ("GRP-PRE-002", "Grupo de presión doble", "4120.00", 64),
    ("GRP-PRE-003", "Grupo de presión triple", "6890.00", 65),
    ("GRP-CON-001", "Grupo contra incendios", "9450.00", 68),
    ("VAR-FRE-220", "Variador de frecuencia 2,2 kW", "498.00", 58),
    ("VAR-FRE-750", "Variador de frecuencia 7,5 kW", "1120.00", 59),
    ("CUA-ELE-001", "Cuadro eléctrico una bomba", "342.00", 57),
    ("CUA-ELE-002", "Cuadro eléctrico dos bombas", "615.00", 57),
    ("VAL-COM-050", "Válvula de compuerta DN50", "74.20", 55),
    ("VAL-COM-100", "Válvula de compuerta DN100", "148.00", 55),
    ("VAL-MAR-080", "Válvula de mariposa DN80", "96.50", 54),
    ("VAL-RET-050", "Válvula de retención DN50", "58.30", 53),
    ("VAL-RED-025", "Válvula reductora de presión 1 pulgada", "82.00", 56),
    ("ELV-RIE-025", "Electroválvula de riego 1 pulgada", "31.40", 50),
    ("ELV-RIE-050", "Electroválvula de riego 2 pulgadas", "68.90", 51),
    ("PRG-RIE-006", "Programador de riego 6 estaciones", "129.00", 52),
    ("PRG-RIE-024", "Programador de riego 24 estaciones", "540.00", 54),
    ("FIL-ANI-050", "Filtro de anillas 2 pulgadas", "87.00", 49),
    ("FIL-ARE-900", "Filtro de arena 900 mm", "1310.00", 60),
    ("TUB-PEB-032", "Tubería PE baja densidad 32 mm, rollo 100 m", "118.00", 66),
    ("TUB-PEA-063", "Tubería PE alta densidad 63 mm, rollo 50 m", "212.00", 67),
    ("GOT-AUT-400", "Gotero autocompensante 4 l/h, bolsa 400", "62.00", 45),
    ("ASP-IMP-360", "Aspersor de impacto 360 grados", "14.80", 44),
    ("CAU-ELE-080", "Caudalímetro electromagnético DN80", "1265.00", 61),
    ("SEN-PRE-010", "Sensor de presión 0-10 bar", "138.00", 48),
)

# sku, name, list price, cost %, on hand, days until more arrives (None: none is coming). Each of these is short for
# one lead only, so that no two leads compete for the same piece and every run ends the same.
SCARCE = (
    ("BOM-INX-400", "Bomba de acero inoxidable 4 CV", "1720.00", 63, 4, 12),
    ("BOM-SOL-150", "Bomba solar 1,5 CV", "1390.00", 62, 3, 15),
    ("VAR-SOL-400", "Variador solar 4 kW", "980.00", 60, 5, 10),
    ("FIL-AUT-100", "Filtro autolimpiante DN100", "2480.00", 64, 2, 20),
    ("CAU-ULT-150", "Caudalímetro ultrasónico DN150", "2150.00", 63, 3, 14),
    ("EST-MET-001", "Estación meteorológica de riego", "1180.00", 58, 4, 18),
    ("BOM-DOS-020", "Bomba dosificadora 20 l/h", "640.00", 57, 0, 6),
    ("DEP-PRE-500", "Depósito de presión 500 l", "720.00", 61, 0, 8),
    ("GEN-RIE-010", "Grupo electrógeno de riego 10 kVA", "3890.00", 67, 0, 9),
    ("BOM-VER-110", "Bomba vertical 11 kW", "3320.00", 66, 0, None),
    ("VAL-HID-150", "Válvula hidráulica DN150", "760.00", 56, 0, None),
    ("CEN-FER-004", "Centro de fertirrigación 4 canales", "5640.00", 65, 0, None),
)

PLENTIFUL_STOCK = 100_000

# Months, by the first word of their names; whatever is not listed is guaranteed for two years.
WARRANTIES = {"Bomba": 36, "Grupo": 36, "Tubería": 60, "Gotero": 12, "Aspersor": 12}


def items() -> list[Item]:
    """Return all items, those with plenty of stock first."""
    plenty = [_item(*row, PLENTIFUL_STOCK, 7) for row in PLENTY]
    return plenty + [_item(*row) for row in SCARCE]


def _item(sku: str, name: str, price: str, cost_pct: int, on_hand: int, arrives: int | None) -> Item:
    cost = (Decimal(price) * cost_pct / 100).quantize(Decimal("0.01"))
    family = name.split(maxsplit=1)[0]
    months = WARRANTIES.get(family, 24)
    return Item(sku, name, family, Decimal(price), cost, on_hand, arrives, warranty_months=months)
