// What the command palette offers beyond pages and projects: each page adds its own while it is open.
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { Component } from 'vue'

interface Command {
  label: () => string
  icon?: Component
  /** Whether it can be done now, by this user. */
  when?: () => boolean
  run: () => void
}

const registered = shallowRef<readonly Command[]>([])

export const commands = computed(() => registered.value.filter((command) => command.when?.() ?? true))

export function useCommand(command: Command): void {
  registered.value = [...registered.value, command]
  onScopeDispose(() => {
    registered.value = registered.value.filter((one) => one !== command)
  })
}
