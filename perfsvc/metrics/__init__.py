"""From samples to judgement: histograms, windows and their merge, series, thresholds, validity, score. No I/O."""
