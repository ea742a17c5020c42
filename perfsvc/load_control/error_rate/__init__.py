"""Search for the breaking point: the highest load with an acceptable error rate.

==============  ========================================================
``controller``  the controller: level for each second, result at the end
``bisection``   next level of the search
``level_trial`` one level held, and its verdict
==============  ========================================================
"""
