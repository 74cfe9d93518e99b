/** The actions that Sallyport adds to those of AWS, by their prefix. Source: `docs/policy.md`. */
export const OWN_ACTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'sql',
    [
      'Connect',
      'Select',
      'Insert',
      'Update',
      'Delete',
      'Merge',
      'Truncate',
      'Create',
      'Alter',
      'Drop',
      'Grant',
      'Revoke',
      'Copy',
      'Call',
      'Do',
      'Explain',
      'Set',
      'Lock',
      'Maintain',
      'Listen',
      'Notify',
      'Transaction',
      'Unknown',
    ],
  ],
  [
    'gate',
    [
      'ReadSession',
      'ReplaySession',
      'KillSession',
      'Request',
      'ReadRequest',
      'Approve',
      'Revoke',
      'Unmask',
      'Delegate',
      'ReadPolicy',
      'WritePolicy',
      'ReadPosture',
    ],
  ],
])

/** Actions that Sallyport adds to a prefix of AWS's own. */
export const ADDED_ACTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['sts', ['AssumeRoleWithCertificate']],
])
