"""Words of the core that stand alone, marked here for translation; the core speaks English."""

from typing import Final

from api.pages.problems import message

severity_words: Final = {
    "low": message("low"),
    "medium": message("medium"),
    "high": message("high"),
    "critical": message("critical"),
}

# Why a figure of a roadmap has no value.
no_figure = (
    message("A year cannot take everything away."),
    message("At the speed so far it never ends."),
    message("It costs nothing."),
    message("It does not pay back."),
    message("Money goes to and fro, and several rates would do."),
    message("Money only goes one way."),
    message("No working day has passed."),
    message("Nothing is earned so far."),
    message("Nothing is left to be spent."),
    message("Nothing was planned to be done so far."),
    message("Nothing was planned to be spent so far."),
    message("Nothing was spent so far."),
    message("The budget is spent."),
    message("The rate is out of all proportion."),
    message("The roadmap costs nothing."),
)

# What `cauce.sdk.rules` asks of a connector kind.
rules = (
    message("Typed settings, each with a description."),
    message("Secrets that no message and no log can show."),
    message("Every operation has a deadline."),
    message("An answer has a largest size."),
    message("Failures are told by the class of their error."),
    message("The connection test goes in stages and never raises."),
    message("Nothing is called that the settings do not name."),
    message("The table of kinds says what it talks to."),
)

# Names in data that people meet again and again: in the trail, beside a form, in what an instance holds.
key_words = (
    message("Account"), message("Action"), message("Address"), message("Amount"), message("Answer"),
    message("Before"), message("Carrier"), message("City"), message("Claimed by"), message("Clock"), message("Code"),
    message("Comment"), message("Company"), message("Country"), message("Credit"), message("Currency"),
    message("Customer"), message("Date"), message("Days"), message("Decision"), message("Definition"),
    message("Delivery"), message("Description"), message("Digest"), message("Due"), message("Email"),
    message("Erp id"), message("Event"), message("File"), message("Form"), message("From"), message("Group"),
    message("Groups"), message("Id"), message("Instance"), message("Invoice"), message("Invoices"), message("Kind"),
    message("Language"), message("Limit"), message("Lines"), message("Locale"), message("Message"), message("Name"),
    message("Need"), message("Note"), message("Number"), message("Open invoices"), message("Operation"),
    message("Order"), message("Orders"), message("Origin"), message("Paid"), message("Person"), message("Phone"),
    message("Price"), message("Priority"), message("Product"), message("Quantity"), message("Reason"),
    message("Reference"), message("Result"), message("Role"), message("Roles"), message("Scope"), message("Scopes"),
    message("Score"), message("Severity"), message("Since"), message("Sku"), message("Source"), message("Stage"),
    message("State"), message("Status"), message("Subject"), message("Tax id"), message("Text"), message("Title"),
    message("To"), message("Token"), message("Total"), message("Type"), message("Until"), message("User"),
    message("Value"), message("Blocked"), message("Contact"), message("Delivered"), message("Max overdue days"),
    message("Months"), message("Open balance"), message("Open orders"), message("Signed by"), message("Tier"),
    message("Version"), message("Warehouse"),
)  # fmt: skip
