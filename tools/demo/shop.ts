import pg from 'pg'
import { type NoPostgres, POSTGRES_PASSWORD, startPostgres } from '../../test/harness/postgres.ts'

/** A database of a shop, behind the gate as the target `orders`. */
export interface Shop {
  /** For the gate's configuration. */
  readonly config: { readonly databases: object; readonly targets: readonly object[] }
  /** Beside it: the password, which no client ever sees. */
  readonly files: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** What the agent may do there. */
export const SHOP_POLICY: object = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'ReadTheShop',
      Effect: 'Allow',
      Action: ['sql:Connect', 'sql:Select', 'sql:Transaction'],
      Resource: ['arn:sallyport:sql:*:*:orders/shop', 'arn:sallyport:sql:*:*:orders/shop/*'],
    },
    {
      Sid: 'HideCustomers',
      Effect: 'Mask',
      Action: 'sql:Select',
      Resource: 'arn:sallyport:sql:*:*:orders/shop/public.customers',
      Mask: { Columns: ['public.customers.email'], As: 'partial' },
    },
    {
      Sid: 'ChangeOrders',
      Effect: 'Allow',
      Action: 'sql:Update',
      Resource: 'arn:sallyport:sql:*:*:orders/shop/public.orders',
      Condition: { NumericLessThanEquals: { 'sql:RowsAffected': '2' } },
    },
    {
      Sid: 'SayWhichRows',
      Effect: 'Deny',
      Action: ['sql:Update', 'sql:Delete'],
      Resource: '*',
      Condition: { Bool: { 'sql:HasWhere': 'false' } },
      Reason: 'say which rows',
    },
    {
      Sid: 'DeletingNeedsAHuman',
      Effect: 'RequireApproval',
      Action: 'sql:Delete',
      Resource: 'arn:sallyport:sql:*:*:orders/shop/public.orders',
      Approval: { From: ['group/on-call'], Hold: '30s' },
      Reason: 'what is deleted does not come back',
    },
  ],
}

const TABLES = `
create table customers (id int primary key, name text, email text);
create table orders (id int primary key, customer_id int references customers, state text, total numeric);
insert into customers values (1, 'Eve', 'eve@example.com'), (2, 'Bob', 'bob@example.com');
insert into orders values (1, 1, 'open', 20), (2, 1, 'open', 35), (3, 2, 'open', 12), (4, 2, 'returned', 90);`

const PASSWORD_FILE = 'shop-password'

/** Starts the machine's PostgreSQL, or npm's, with the shop in it; or gives why there is none. */
export async function openShop(): Promise<Shop | NoPostgres> {
  const server = await startPostgres()
  if ('missing' in server) return server
  const client = new pg.Client({ connectionString: await server.database('shop') })
  await client.connect()
  await client.query(TABLES)
  await client.end()
  return {
    config: {
      databases: { postgres: '127.0.0.1:0' },
      targets: [
        {
          ...{ name: 'orders', engine: 'postgres', host: '127.0.0.1', port: server.port },
          ...{ database: 'shop', user: 'gate', tls: { enabled: false } },
          auth: { file: PASSWORD_FILE },
        },
      ],
    },
    files: { [PASSWORD_FILE]: POSTGRES_PASSWORD },
    stop: () => server.stop(),
  }
}
