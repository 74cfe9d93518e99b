/** Limits on policies, so that no document can make the gate slow to start or to decide. */
export const POLICY_LIMITS = {
  /** UTF-16 units of one document. IAM's own limit for a managed policy is 6,144. */
  textLength: 262_144,
  /** Nodes of one document after aliases are expanded: what an alias bomb runs into. */
  nodes: 50_000,
  /** Levels of nesting; a policy needs seven. */
  depth: 16,
  /** Brackets open at once in the raw text, counted before it is parsed. */
  rawDepth: 64,
  /** Statements of one document. */
  statements: 1_000,
  /** Values of one list: actions, resources, condition values. */
  listValues: 1_000,
  /** UTF-16 units of one action, resource or condition value. */
  valueLength: 2_048,
  /** Problems reported for one document; what comes after is counted. */
  problems: 100,
} as const
