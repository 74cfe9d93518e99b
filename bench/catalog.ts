/**
 * What the catalog costs a gate that starts: time and memory for what routes a request, and time for the shapes
 * of a large, a middling and a small service when each is first used. `node --expose-gc bench/catalog.ts`
 */
import { loadCatalog } from '../src/catalog/load.ts'

const heapMib = (): number => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / (1 << 20)
}
const heapBefore = heapMib()
const began = performance.now()
const catalog = loadCatalog()
const loadMs = performance.now() - began
console.log(`catalog: ${loadMs.toFixed(1)} ms, ${(heapMib() - heapBefore).toFixed(1)} MiB`)

for (const service of ['ec2', 's3', 'dynamodb', 'sqs']) {
  const start = performance.now()
  catalog.shapes(service)
  console.log(`shapes of ${service}: ${(performance.now() - start).toFixed(1)} ms`)
}
