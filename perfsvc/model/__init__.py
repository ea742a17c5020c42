"""The frozen specs that every layer speaks: what is asked for, what is run, what is measured. No I/O."""
