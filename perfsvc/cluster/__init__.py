"""Clusters: where the engines of a run are. A run sees one ``Deployment``, wherever its nodes are.

=================  ====================================================================
``interface``      ``Cluster``, ``Deployment``, ``RunListener``: what a run needs
``router``         sends each run to this process or to agents
``local``          the engine in this process
``dask``           engines on agents, by Dask.distributed
``process_stats``  CPU, memory and loop lag of this process, for the list of nodes
``certificates``   the folder of certificates for mutual TLS: made, renewed, checked
``authority``      the authority that signs them
=================  ====================================================================
"""
