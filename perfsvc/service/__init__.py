"""What people do with the service, as use cases: no HTTP here and no SQL."""
