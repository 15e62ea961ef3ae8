// Why the operations on an object have no order.
import type { History } from "./History.ts"
import type { Model } from "./Model.ts"
import type { Budget, Evidence, Part, Procedure } from "./Procedure.ts"
import type { Explanation } from "./Result.ts"

export const explain = (
  history: History,
  model: Model,
  procedure: Procedure,
  part: Part,
  evidence: Evidence | undefined,
  budget: Budget
): Explanation => {
  void history, model, procedure, budget
  return { reason: evidence?.reason ?? "", core: (evidence?.operations ?? []).map((i) => part.rows[i]!), context: [], blocked: part.rows[0]!, before: 0, prefixes: [] }
}
