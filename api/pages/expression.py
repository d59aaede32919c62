"""Trying an expression on sample data, for those who write definitions."""

from fastapi import APIRouter, Request, Response

from api.deps import FormDep, VisitorDep
from api.pages import view
from cauce.services import trials
from cauce.services.trials import Trial

router = APIRouter(include_in_schema=False)
address = "/definitions/expression"
sample = {
    "expression": ".lines | map(.qty * .price) | add * (1 + $context.vat / 100)",
    "data": (
        '{\n  "lines": [\n    {"sku": "A-100", "qty": 2, "price": 20},\n'
        '    {"sku": "B-200", "qty": 1, "price": 60}\n  ]\n}'
    ),
    "variables": '{\n  "context": {"vat": 21}\n}',
}


@router.get(address)
async def expression_page(request: Request, actor: VisitorDep) -> Response:
    """Show the form with an example."""
    trials.require(actor)
    return _page(request, sample, None)


@router.post(address)
async def try_expression(request: Request, actor: VisitorDep, form: FormDep) -> Response:
    """Evaluate what is in the form and show it with the answer."""
    given = {name: str(form.get(name, "")) for name in sample}
    return _page(request, given, await trials.try_expression(actor, **given))


def _page(request: Request, given: dict[str, str], trial: Trial | None) -> Response:
    return view.render(request, "expression.html", given=given, trial=trial, address=address)
