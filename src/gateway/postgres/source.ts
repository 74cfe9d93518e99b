export { drained, farewell, Source, send } from '../sql/source.ts'
