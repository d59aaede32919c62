"""Plans of other programs: written for Microsoft Project, and drafts of roadmaps from what it and spreadsheets hold."""
