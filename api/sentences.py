"""Sentences of the services, said in another language: also those with something in them, found by what is around it.

The services speak English, and put names and numbers into what they say. Here is what people meet most often.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from api.i18n import Language


def message(text: str) -> str:
    """Mark text for translation where it is written."""
    return text


_PLACE: Final = re.compile(r"%\((\w+)\)s")
sentences: Final[Sequence[str]] = (
    message("There is no task %(task)s."),
    message("There is no account '%(name)s'."),
    message("`cauce users list` shows those there are."),
    message("There is no instance %(instance)s."),
    message("`cauce instances list` shows those there are."),
    message("Nothing is known of instance %(instance)s."),
    message("Look for it in the list."),
    message("There is no published %(kind)s '%(name)s'."),
    message("There is no version %(version)s of %(name)s."),
    message("There is no form that starts `%(name)s`."),
    message("Choose one from the list at /start."),
    message("There is no such file of yours."),
    message("Another window of yours has saved a newer draft of this task."),
    message("Another window of yours has saved a newer draft of this form."),
    message("Load the page again to see it; what you typed here is not lost."),
    message("Open the form again."),
    message("The computed fields of this form never come to rest: they follow from each other."),
    message("There is more to compute in this form than it may; enter fewer lines."),
    message("A list has more than %(most)s lines, which is more than a page can take."),
    message("Answer by REST or with the command `cauce tasks complete`."),
    message("There is no dead letter %(letter)s."),
    message("`cauce dead-letters list` shows what there is."),
    message("There is no sync `%(name)s`."),
    message("There is no connection '%(name)s'."),
    message("No roadmap runs as %(name)s."),
    message("`cauce roadmap list` shows those that do."),
    message("The cursor `after` is not one that Cauce gave out."),
    message("Start at the first page."),
    message("What is looked for has at most %(most)s characters."),
    message("Shorten it."),
    message("There is nothing called '%(name)s'."),
    message("Give the id of a task or an instance, the full name of a process, or form:NAME."),
    message("The profile cannot be changed: %(why)s"),
    message("It is a number from 0 to %(most)s; 1 is usual."),
    message("At most %(most)s entries, each with 1 to %(long)s characters."),
    message("The capacity is a number from 0 to 10; 1 is usual."),
    message("The absence cannot be entered: %(why)s"),
    message("An absence lasts %(most)s days at most."),
    message("'%(name)s' has no account that does tasks."),
    message("'%(name)s' has %(most)s absences ahead."),
    message("Take some back first."),
    message("There is no such absence."),
    message("Reload the list."),
    message("'%(name)s' may not %(what)s."),
    message("It takes one of the roles %(roles)s; an admin gives them."),
    message("A grant closes this to all but those whom it names; ask an admin."),
    message("The task is claimed by '%(name)s'."),
    message("Ask them to give it back."),
    message("'%(name)s' did an earlier part of this case and may not decide this one."),
    message("Another person has to complete it (four eyes)."),
    message("You have given your answer to this task."),
    message("The others have to give theirs."),
    message("This task is for %(whom)s."),
    message("Ask them, or ask an admin to change your groups."),
    message("The task was completed by %(name)s."),
    message("The task is %(state)s."),
    message("Several people answer this task, each for themselves."),
    message("Just answer it."),
    message("A task is for a person or for a group."),
    message("There is no active account '%(name)s'."),
    message("Nobody is in the group '%(name)s'."),
    message("The task would be in nobody's inbox."),
    message("Look at the names of your colleagues."),
    message("'%(name)s' may not do this task."),
    message("'%(name)s' may not do tasks."),
    message("'%(name)s' is not in the group %(group)s."),
    message("A manager may give the task to anybody."),
    message("The task is not yours to delegate."),
    message("Claim it first, or ask who has it."),
    message("'%(name)s' has the task already."),
    message("Delegate it to somebody else."),
    message("The task is not yours to set aside."),
    message("A follow-up date is in the future."),
    message("Choose a later one."),
    message("That is no date with a time."),
    message("Choose one in the field."),
    message("A priority is a whole number from 0 to 100."),
    message("50 is the usual one."),
    message("From 1 to %(most)s tasks are reassigned at once."),
    message("Choose some of the list."),
    message("Tasks are reassigned with a reason."),
    message("A task has at most %(most)s comments."),
    message("Speak to each other instead."),
    message("A draft has at most %(most)s characters."),
    message("Send large texts as files."),
    message("The form has %(most)s files already."),
    message("You have attached too many files to forms that you did not send."),
    message("Send them, or wait some days: they are removed by themselves."),
    message("This task has no such file."),
    message("Open the task again."),
    message("You cannot attach files to this task."),
    message("Claim it first."),
    message("Leave it at those."),
    message("Nothing is looked up for this field."),
    message("Nothing is looked up here."),
    message("Reload the page."),
    message("Reload the page of the task."),
    message("Instance %(instance)s did not take it."),
    message("Reload it: it has moved on or ended meanwhile."),
    message("Instance %(instance)s did not answer in time."),
    message("A worker has to be running (`cauce status`). Trying again is safe: an answer counts once."),
    message("Start it (`cauce up`) or check CAUCE_TEMPORAL_ADDRESS, then try again."),
    message("Instance %(instance)s has ended."),
    message("Instance %(instance)s is %(state)s already."),
    message("There is nothing left to do."),
    message("You keep no such view."),
    message("Look at the list of your views."),
    message("You have a view '%(name)s' already."),
    message("Give this one another name."),
    message("The form was sent from another site."),
    message("Open the page in Cauce and send it there."),
    message("The request is larger than %(most)s bytes."),
    message("The process engine does not answer."),
    message("Try again in a moment."),
    message("There is no draft of yours."),
    message("Nothing was kept, so nothing is lost."),
    message("The account is locked after several wrong passwords."),
    message("Try again after %(time)s UTC."),
    message("Unknown: %(names)s. There are %(known)s."),
    message("A name is needed, without spaces."),
)
# What completes "may not …".
acts: Final[Sequence[str]] = (
    message("see the accounts"),
    message("keep accounts"),
    message("see dead letters"),
    message("see syncs"),
    message("see roadmaps"),
    message("see connections"),
    message("see definitions"),
    message("see instances"),
    message("see the profiles of people"),
    message("see the profiles of others"),
    message("change profiles"),
    message("reassign tasks"),
    message("do tasks"),
    message("see the work of others"),
    message("see which deadlines are missed"),
    message("read the audit trail"),
    message("verify the audit trail"),
    message("export case files"),
    message("see what was done by hand"),
    message("see which duties are kept apart"),
    message("see what is granted"),
    message("see how connections are doing"),
    message("see the absences of others"),
    message("enter the absences of others"),
    message("start instances"),
    message("start this process"),
    message("comment on tasks"),
    message("publish definitions"),
    message("look for drift"),
    message("see drift"),
    message("change the priority of tasks"),
    message("reset the second step of others"),
)


def said(sentence: str, lang: Language) -> str:
    """Return a sentence in a language; one that is not known here stays as it is."""
    return _said(sentence, lang, deeper=True)


def _said(sentence: str, lang: Language, *, deeper: bool) -> str:
    known = lang.gettext(sentence)
    if known != sentence or not deeper:
        return known
    for pattern, template in _patterns():
        if found := pattern.fullmatch(sentence):
            # What is told of a reason is a sentence itself.
            whole = template.endswith("%(why)s")
            values = {name: _said(value, lang, deeper=whole) for name, value in found.groupdict().items()}
            return lang.gettext(template) % values
    return sentence


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what finds each sentence with something in it, the most particular first."""
    found = []
    for template in (each for each in sentences if _PLACE.search(each)):
        pieces = _PLACE.split(template)
        text = "".join(re.escape(each) if index % 2 == 0 else f"(?P<{each}>.+?)" for index, each in enumerate(pieces))
        found.append((re.compile(text, re.DOTALL), template))
    return sorted(found, key=lambda pair: -len(_PLACE.sub("", pair[1])))
