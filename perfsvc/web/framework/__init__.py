"""What every endpoint stands on: handlers, operations, rules, routing, parsing, errors and the OpenAPI document."""
