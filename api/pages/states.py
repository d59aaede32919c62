"""Words and colours for how something is: tasks, instances, rows and letters, and roadmaps with words of theirs."""

from typing import Final

from api.pages.problems import message

words: Final = {
    "open": message("open"),
    "claimed": message("claimed"),
    "running": message("running"),
    "waiting": message("waiting"),
    "suspended": message("suspended"),
    "completed": message("completed"),
    "faulted": message("failed"),
    "failed": message("failed"),
    "cancelled": message("cancelled"),
    "expired": message("expired"),
    "sent-back": message("sent back"),
    "pending": message("pending"),
    "retrying": message("retrying"),
    "skipped": message("skipped"),
    "replayed": message("sent again"),
    "already-applied": message("applied before"),
    "dropped": message("dropped"),
    "unchanged": message("unchanged"),
    "done": message("done"),
    "stopped": message("stopped"),
    "paused": message("paused"),
    "breached": message("missed"),
}
tones: Final = {
    "running": "info",
    "open": "info",
    "claimed": "info",
    "waiting": "warning",
    "retrying": "warning",
    "suspended": "warning",
    "pending": "warning",
    "completed": "success",
    "done": "success",
    "stopped": "warning",
    "paused": "warning",
    "breached": "danger",
    "replayed": "success",
    "already-applied": "success",
    "faulted": "danger",
    "failed": "danger",
}
# Of activities, gates, changes and roadmaps: some states have the name of another thing's, and another word.
roadmap_words: Final = {
    "waiting": message("waits"),
    "ready": message("may begin"),
    "started": message("under way"),
    "done": message("done"),
    "requested": message("to be decided"),
    "approved": message("approved"),
    "rejected": message("rejected"),
    "cancelled": message("cancelled"),
    "running": message("running"),
    "completed": message("completed"),
    "stopped": message("stopped"),
    "deferred": message("deferred"),
}
roadmap_tones: Final = {
    "ready": "info",
    "started": "info",
    "requested": "warning",
    "done": "success",
    "approved": "success",
    "completed": "success",
    "running": "info",
    "rejected": "danger",
    "stopped": "danger",
}
process_words: Final = {
    "asked": message("its process begins"),
    "running": message("its process is under way"),
    "passed": message("its process has passed"),
    "failed": message("its process did not get through"),
    "leaving": message("its process is given up"),
    "left": message("its process is given up"),
}
process_tones: Final = {"asked": "info", "running": "info", "passed": "success", "failed": "danger"}
answer_words: Final = {
    "mitigated": message("mitigated"),
    "accepted": message("accepted as it is"),
    "issue": message("an issue now"),
}
light_words: Final = {
    "green": message("as planned"),
    "amber": message("off the plan"),
    "red": message("far off the plan"),
}
light_tones: Final = {"green": "success", "amber": "warning", "red": "danger"}
