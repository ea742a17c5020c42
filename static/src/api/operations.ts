// Operations that the target of a step offers, such as the methods of a gRPC server.
import { raw } from './raw'

export interface Operation {
  name: string
  kind: string
  /** Fields of the request that it sets. */
  request: Record<string, unknown>
}

interface OperationsBody {
  project_id: number
  protocol: string
  request: Record<string, unknown>
  env_id?: number
  protocol_options?: Record<string, unknown>
}

export async function operationsOf(body: OperationsBody): Promise<Operation[]> {
  const found = (await raw<{ operations: Operation[] }>('POST', '/api/scenes/operations/', { body })) as { operations: Operation[] }
  return found.operations
}
