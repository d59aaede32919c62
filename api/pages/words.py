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
