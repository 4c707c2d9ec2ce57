export {
  type DataDefinition,
  type DataFacts,
  defineData,
  defineModel,
  defineOptimizer,
  defineSchedule,
  defineTask,
  type ModelDefinition,
  type Settings,
  setting,
  type TaskDefinition,
  z,
} from '@ddnet/experiment'
