"""The protocols that come with perfsvc; each is a plugin like anybody else's."""
