// What the command palette offers beyond pages and projects: each page adds its own while it is open.
import { onScopeDispose, shallowRef } from 'vue'
import type { Component } from 'vue'

export interface Command {
  label: () => string
  icon?: Component
  run: () => void
}

export const commands = shallowRef<readonly Command[]>([])

export function useCommand(command: Command): void {
  commands.value = [...commands.value, command]
  onScopeDispose(() => {
    commands.value = commands.value.filter((one) => one !== command)
  })
}
