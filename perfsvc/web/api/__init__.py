"""The REST API and the live feed: one file per resource, its response models beside its handlers."""
