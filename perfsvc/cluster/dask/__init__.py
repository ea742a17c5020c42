"""Runs on many processes by Dask.distributed: a scheduler in this process, an agent in each of the others.

Only ``scheduler`` and ``agent`` import Dask, when a run needs it: that takes 0.4 s and 36 MB, which a run in this
process does not need. Agents of this machine are forked from a process that has imported it once.

=================  ====================================================================
``cluster``        ``DaskCluster``: deployments on agents, the list of agents, draining
``agent_pool``     agents that have joined, and which run has which
``agents``         one agent: its versions, its fitness, its clock
``processes``      agents that the server starts on its own machine
``fork_server``    the process that forks them
``scheduler``      Dask's scheduler: messages from and to agents, heartbeats
``messages``       commands and reports
``deployment``     one run: compiled on all nodes, started and ended together
``run_nodes``      node table of a run: commands, replies, losses
``node_startup``   compile, setup and start of a node, also in a run under way
``run_watch``      control loop of a run: silent and late nodes
``load_shares``    how the load is split, and who takes over
``balancing``      weights, from the plan and by health
``replacements``   new nodes for vacant slots
``row_server``     the row allocator of a run, by messages
``agent``          an agent's process
``agent_run``      one run on an agent
``address``        addresses of a scheduler
``dask_config``    configuration of Dask, mutual TLS
=================  ====================================================================
"""
