import { expect } from 'chai'
import { minutes, seconds } from '../lib/time.ts'
import { silentLogger } from '../runtime/logger.ts'
import { FakeCluster } from '../testing/fake-cluster/fake-cluster.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { EventRecorder, type EventNote } from './event-recorder.ts'
import { EVENTS, NAMESPACES, PODS } from './resources.ts'

function setup() {
  const clock = new FakeClock()
  const cluster = new FakeCluster({ clock, timers: clock })
  const regarding = cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'cart-1' } })
  const recorder = new EventRecorder({
    api: cluster.client('controller'),
    clock,
    timers: clock,
    log: silentLogger,
    controller: 'kubeskippy.io/controller',
    instance: 'controller-1',
  })
  return { clock, cluster, regarding, recorder, events: () => cluster.all(EVENTS) }
}

const NOTE: EventNote = { type: 'Normal', reason: 'Healed', action: 'Restart', note: 'cart-1 was restarted' }
const never = new AbortController().signal

describe('the event recorder', () => {
  it('tells what happened to which object, in the form that the server takes', async () => {
    const { recorder, regarding, events } = setup()
    recorder.record(regarding, NOTE)
    await settle()
    const [event] = events()
    expect(event).to.deep.include({ ...NOTE, reportingController: 'kubeskippy.io/controller', reportingInstance: 'controller-1', eventTime: '2030-01-01T00:00:00.000000Z' })
    expect(event?.['regarding']).to.deep.equal({ apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop', uid: regarding.metadata.uid })
  })

  it('counts the same event in a series, in one write for all repeats', async () => {
    const { clock, cluster, recorder, regarding, events } = setup()
    for (let i = 0; i < 20; i++) {
      recorder.record(regarding, NOTE)
      await clock.advance(seconds(0.4))
    }
    await clock.advance(seconds(10))
    expect(events()).to.have.length(1)
    expect(events()[0]?.['series']).to.deep.include({ count: 20 })
    expect(cluster.journal.writes).to.have.length(2)
  })

  it('tells it anew after ten minutes, and another note at once', async () => {
    const { clock, recorder, regarding, events } = setup()
    recorder.record(regarding, NOTE)
    recorder.record(regarding, { ...NOTE, note: 'another' })
    await clock.advance(minutes(10))
    recorder.record(regarding, NOTE)
    await settle()
    expect(events()).to.have.length(3)
  })

  it('keeps a mass of events within its burst and then one a second', async () => {
    const { clock, recorder, regarding, events } = setup()
    for (let i = 0; i < 300; i++) recorder.record(regarding, { ...NOTE, note: `number ${i}` })
    await settle()
    expect([events().length, recorder.dropped]).to.deep.equal([100, 200])
    await clock.advance(seconds(2))
    for (let i = 300; i < 400; i++) recorder.record(regarding, { ...NOTE, note: `number ${i}` })
    await settle()
    expect(events()).to.have.length(102)
  })

  it('cleans and cuts what it is given', async () => {
    const { recorder, regarding, events } = setup()
    recorder.record(regarding, { type: 'Warning', reason: 'x'.repeat(500), action: '', note: `\u001b[31m${'😀'.repeat(5000)}` })
    await settle()
    expect(events()).to.have.length(1)
    expect(events()[0]?.['action']).to.equal('Unknown')
  })

  it('tells of a cluster-scoped object in the default namespace', async () => {
    const { cluster, recorder, events } = setup()
    recorder.record(cluster.must(NAMESPACES, { name: 'shop' }), NOTE)
    await settle()
    expect(events()[0]?.metadata.namespace).to.equal('default')
  })

  it('tries again when the server is busy, and takes an answer that was lost for sent', async () => {
    const { clock, cluster, recorder, regarding, events } = setup()
    cluster.faults.add(() => ({ when: 'after', answer: 'reset' }), 1)
    recorder.record(regarding, NOTE)
    await clock.advance(seconds(2))
    expect([events().length, recorder.dropped]).to.deep.equal([1, 0])
  })

  it('drops what cannot be sent, and never throws', async () => {
    const { clock, cluster, recorder, regarding } = setup()
    cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    recorder.record(regarding, NOTE)
    await clock.advance(seconds(60))
    expect(recorder.dropped).to.equal(1)
  })

  it('writes what waits when it stops, series included, and takes nothing more', async () => {
    const { recorder, regarding, events } = setup()
    recorder.record(regarding, NOTE)
    recorder.record(regarding, NOTE)
    await recorder.stop(never)
    expect(events()[0]?.['series']).to.deep.include({ count: 2 })
    recorder.record(regarding, { ...NOTE, note: 'late' })
    expect(recorder.dropped).to.equal(1)
  })

  it('lets go at the deadline', async () => {
    const { cluster, recorder, regarding } = setup()
    cluster.faults.add(() => ({ when: 'before', answer: 'hang' }))
    recorder.record(regarding, NOTE)
    await recorder.stop(AbortSignal.abort())
    expect(recorder.dropped).to.equal(1)
  })
})
