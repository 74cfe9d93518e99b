import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics } from './metrics.ts'

describe('metrics', () => {
  it('are complete whenever somebody reads them, and count nothing twice', async () => {
    const metrics = createMetrics()
    const lines = async (): Promise<string[]> =>
      (await metrics.registry.metrics())
        .split('\n')
        .filter(line => /^sallyport_(calls|bytes|masked_values)_total/.test(line))
    assert.deepEqual(await lines(), ['sallyport_masked_values_total 0'])
    metrics.call('allow', 'sql')
    metrics.call('allow', 'sql')
    metrics.call('deny', 's3')
    metrics.bytes('in', 10)
    metrics.masked(3)
    const first = [
      'sallyport_calls_total{effect="allow",service="sql"} 2',
      'sallyport_calls_total{effect="deny",service="s3"} 1',
      'sallyport_bytes_total{direction="in"} 10',
      'sallyport_masked_values_total 3',
    ]
    assert.deepEqual(await lines(), first)
    assert.deepEqual(await lines(), first)
    metrics.call('deny', 's3')
    metrics.bytes('in', 5)
    metrics.bytes('out', 0)
    assert.deepEqual(await lines(), [
      'sallyport_calls_total{effect="allow",service="sql"} 2',
      'sallyport_calls_total{effect="deny",service="s3"} 2',
      'sallyport_bytes_total{direction="in"} 15',
      'sallyport_bytes_total{direction="out"} 0',
      'sallyport_masked_values_total 3',
    ])
  })
})
