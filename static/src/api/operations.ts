// Operations that the target of a step offers, such as the methods of a gRPC server.
import { api, ask, type Schemas } from './client'

export type Operation = Schemas['ListedOperation']
/** A part of the target whose operations are missing, with the cause. */
export type Unlisted = Schemas['UnlistedPart']
/** What is asked; what is left out is as the service has it. */
export type OperationsQuestion = Pick<Schemas['OperationsForm'], 'project_id' | 'protocol'> & Partial<Schemas['OperationsForm']>

export function operationsOf(question: OperationsQuestion, signal: AbortSignal): Promise<Schemas['OperationsResponse']> {
  return ask(api.POST('/api/scenes/operations/', { body: question as Schemas['OperationsForm'], signal }))
}
