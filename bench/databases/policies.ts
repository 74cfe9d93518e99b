/** The name under which the gates of the benchmark know the database. */
export const TARGET = 'bench'

const DATABASE = `arn:sallyport:sql:*:*:${TARGET}/*`
const relation = (name: string): string => `arn:sallyport:sql:*:*:${TARGET}/*/*${name}`

/** Ten statements as an analyst's role may have them; of the tables that are read, one alone has a mask. */
export const POLICY: object = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Come', Effect: 'Allow', Action: 'sql:Connect', Resource: '*' },
    { Sid: 'Read', Effect: 'Allow', Action: ['sql:Select', 'sql:Explain'], Resource: '*' },
    { Sid: 'Settings', Effect: 'Allow', Action: ['sql:Set', 'sql:Transaction'], Resource: '*' },
    { Sid: 'Functions', Effect: 'Allow', Action: 'sql:Call', Resource: '*' },
    {
      Sid: 'Change',
      Effect: 'Allow',
      Action: ['sql:Insert', 'sql:Update'],
      Resource: [relation('orders'), relation('customers')],
    },
    {
      Sid: 'Delete',
      Effect: 'Allow',
      Action: 'sql:Delete',
      Resource: relation('orders'),
      Condition: { Bool: { 'sql:HasWhere': 'true' } },
    },
    {
      Sid: 'NoRoles',
      Effect: 'Deny',
      Action: 'sql:Set',
      Resource: ['setting:role', 'setting:session_authorization'].map(name => `${DATABASE}/${name}`),
    },
    { Sid: 'NoSalaries', Effect: 'Deny', Action: 'sql:*', Resource: relation('salaries') },
    {
      Sid: 'NoDefinitions',
      Effect: 'Deny',
      Action: ['sql:Create', 'sql:Alter', 'sql:Drop', 'sql:Grant', 'sql:Revoke', 'sql:Truncate'],
      Resource: '*',
    },
    {
      Sid: 'HideMail',
      Effect: 'Mask',
      Action: 'sql:Select',
      Resource: '*',
      Mask: { Columns: ['people.email'] },
    },
  ],
}
