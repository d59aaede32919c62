"""Sentences of the services that people meet most often, marked here for translation; the services speak English."""

from typing import Final

from api.pages.problems import message

sentences = (
    message("A task is given back with a reason."),
    message("Ask an admin to change your groups."),
    message("Load the page again and send it once more."),
    message("Name or password is wrong."),
    message("Nobody has claimed this task."),
    message("Reload the inbox."),
    message("Say why in a few words."),
    message("Several wrong passwords lock the account for a while."),
    message("Temporal does not answer."),
    message("Tell your administrator this number."),
    message("The account is locked after several wrong passwords."),
    message("The form does not belong to this session."),
    message("The task was completed by you."),
    message("There is nothing at this address."),
    message("There is nothing to give back."),
    message("This task is not one of yours."),
)

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
