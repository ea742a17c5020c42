"""REST API and live feed over the services: thin handlers, one permission rule and one documented response each.

===============  ====================================================================
``framework``    base of every endpoint: handler, operations, rules, routing, OpenAPI
``api``          endpoints, one file per resource
``application``  all routes, and the HTTP server with its limits
``docs``         the API description and the page to read it
``ui``           files of the web UI
``demo``         a target to try load tests on, in the service itself
===============  ====================================================================
"""
