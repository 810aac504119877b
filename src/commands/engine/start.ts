import Engine from '../engine.ts'

export default class EngineStart extends Engine {
  static override id = 'engine start'
  static override hidden = true
  static override brief = undefined
}
