/**
 * Services whose IAM prefix is not the name that they sign with. For all others, the generator takes the
 * signing name, and maps nothing where IAM has no such prefix.
 */
export const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['cloudcontrol', 'cloudformation'],
  ['cloudwatch', 'cloudwatch'],
  ['iot-data', 'iot'],
  ['iot-jobs-data', 'iotjobsdata'],
  ['iotevents-data', 'iotevents'],
  ['iotsecuretunneling', 'iot'],
  ['mturk', 'mechanicalturk'],
  ['partnercentral-account', 'partnercentral'],
  ['partnercentral-benefits', 'partnercentral'],
  ['partnercentral-channel', 'partnercentral'],
  ['partnercentral-selling', 'partnercentral'],
  ['resourcegroupstaggingapi', 'tag'],
])
