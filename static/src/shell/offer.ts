/** An entry of the command palette. */

import type { Component } from 'vue'

export interface Offer {
  id: string
  group: string
  label: string
  note?: string
  icon: Component
  run: () => void
}
