"""How long the services wait for Temporal; people wait at the other end."""

from datetime import timedelta

# Temporal itself: it answers at once or is not there.
call_timeout = timedelta(seconds=10)
# A worker has to load the instance and run it; after this it is down or far too busy.
update_timeout = timedelta(seconds=15)
# What is shown without a worker is less, but it is shown soon.
query_timeout = timedelta(seconds=3)
# A run that takes the place of another one cannot be asked for the blink until its first task is scheduled.
begin_timeout = timedelta(seconds=3)
