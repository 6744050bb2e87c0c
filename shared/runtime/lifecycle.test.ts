import { expect } from 'chai'
import { seconds } from '../lib/time.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { Lifecycle, type Component } from './lifecycle.ts'
import { silentLogger } from './logger.ts'

function setup() {
  const clock = new FakeClock()
  const events: string[] = []
  const lifecycle = new Lifecycle({ timers: clock, log: silentLogger, stopTimeout: seconds(10) })
  const component = (name: string, more: Partial<Component> = {}): Component => ({
    name,
    start: () => void events.push(`+${name}`),
    stop: () => void events.push(`-${name}`),
    ...more,
  })
  return { clock, events, lifecycle, component }
}

const failure = (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.message : 'other'),
  )

describe('the lifecycle of a program', () => {
  it('starts in order and stops in reverse, once', async () => {
    const { events, lifecycle, component } = setup()
    for (const name of ['a', 'b', 'c']) lifecycle.add(component(name))
    await lifecycle.start()
    await Promise.all([lifecycle.stop(), lifecycle.stop()])
    expect(events).to.deep.equal(['+a', '+b', '+c', '-c', '-b', '-a'])
  })

  it('stops what has started when a later one fails, that one included, and throws why', async () => {
    const { events, lifecycle, component } = setup()
    lifecycle.add(component('a')).add(component('b', { start: () => Promise.reject(new Error('port is taken')) })).add(component('c'))
    expect(await failure(lifecycle.start())).to.equal('port is taken')
    expect(events).to.deep.equal(['+a', '-b', '-a'])
  })

  it('starts no more when it is asked to stop meanwhile', async () => {
    const { clock, events, lifecycle, component } = setup()
    const slow = (): Promise<void> => new Promise((resolve) => void clock.after(seconds(5), resolve))
    lifecycle.add(component('a', { start: slow })).add(component('b'))
    const starting = lifecycle.start()
    await lifecycle.stop()
    await clock.advance(seconds(5))
    await starting
    expect(events).to.deep.equal(['-a'])
  })

  it('goes on stopping when one fails to', async () => {
    const { events, lifecycle, component } = setup()
    lifecycle.add(component('a')).add(component('b', { stop: () => Promise.reject(new Error('x')) }))
    await lifecycle.start()
    await lifecycle.stop()
    expect(events).to.deep.equal(['+a', '+b', '-a'])
  })

  it('tells those that hang that the time is over, and goes on to the others', async () => {
    const { clock, events, lifecycle, component } = setup()
    let told = false
    const hang = (deadline: AbortSignal): Promise<void> => {
      deadline.addEventListener('abort', () => (told = true))
      return new Promise(() => {})
    }
    lifecycle.add(component('a')).add(component('b', { stop: hang }))
    await lifecycle.start()
    let stopped = false
    const stopping = lifecycle.stop().then(() => (stopped = true))
    await clock.advance(seconds(9))
    expect([told, stopped]).to.deep.equal([false, false])
    await clock.advance(seconds(1))
    await stopping
    expect([told, events]).to.deep.equal([true, ['+a', '+b', '-a']])
  })

  it('leaves no timer behind, and takes no component once started', async () => {
    const { clock, lifecycle, component } = setup()
    await lifecycle.start()
    expect(() => lifecycle.add(component('late'))).to.throw('add after start')
    await lifecycle.stop()
    await settle()
    expect(clock.pending).to.equal(0)
  })
})
