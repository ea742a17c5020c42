"""Rows of test data for virtual users, from the data source to the nodes.

A node *requests* rows and is *granted* a lease, *claims* rows before it uses them, gets the claim *confirmed*, and
*releases* what it does not need.

==============  =======================================================================
``sources``     opens the data source of a run, with its errors translated
``cache``       rows of remote sources, kept for later runs
``row_spool``   rows on disk, encrypted
``ordering``    rows in the order of the plan, read ahead in bounded memory
``allocator``   grants rows to nodes: leases, claims, releases
``accounting``  rows used, in doubt and returned, by node
==============  =======================================================================
"""
