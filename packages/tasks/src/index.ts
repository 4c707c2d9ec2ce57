export type {
  DataFacts,
  PageSections,
  PredictedFrom,
  PredictedPicture,
  ReportColumn,
  ReportTable,
  ScoreView,
  Task,
  TaskReport,
  TaskViews,
} from './task.ts'
