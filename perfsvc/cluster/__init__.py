"""Where engines run. A run sees one ``Deployment``, wherever its nodes are."""
