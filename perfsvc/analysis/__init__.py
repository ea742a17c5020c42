"""What the measurements say: reports, live frames and answers in the form of the API. No I/O."""
