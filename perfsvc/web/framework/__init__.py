"""Base of every endpoint.

=================  ===============================================================
``request``        the part of a handler that operations and rules use
``operation``      one method of one path: summary, permission, inputs, response
``rules``          permissions
``handler``        base class of handlers: authentication, input, response, errors
``cancellable``    base class of handlers whose work ends when the client disconnects
``upload``         base class of handlers that receive files
``responses``      base models of responses
``routing``        paths to handlers, and the check that every method has a rule
``sending``        large responses, in slices
``constants``      large documents that stay the same, written once
``parsing``        JSON bodies and query strings to specs
``queries``        query parameters that resources share
``errors``         exceptions to error responses
``language``       language of a response
``body_limit``     limits of request bodies
``context``        what all handlers of an application share
``access_log``     log of requests, and their count
``assets``         static files with cache and policy headers
``openapi``        the OpenAPI document
``openapi_texts``  its texts that belong to no operation
``editing``        handlers of resources that several people edit
``uses``           what uses a thing, in responses
=================  ===============================================================
"""
