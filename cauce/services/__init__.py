"""What people and programs can do with the hub, one module per subject.

The command line, the REST API and the pages all come in here, so that who may do what is decided once, and every
change leaves a line in the audit trail. Every function takes the `Hub` and the `Actor` who asks, and returns values.
"""
