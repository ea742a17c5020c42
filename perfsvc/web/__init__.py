"""The REST API and the live feed: thin handlers over the services, one rule and one documented answer each."""
