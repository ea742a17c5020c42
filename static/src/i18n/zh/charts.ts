// Texts: charts.
export const charts = {}
