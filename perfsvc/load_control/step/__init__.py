"""Staircase: the table of levels and the knee.

==============  =========================================
``controller``  follows the staircase and makes its table
``knee``        last level up to which more load pays
==============  =========================================
"""
