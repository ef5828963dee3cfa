/** What is asked about how far a fleet has come: each is a verb of groups and of apps. */
export type ProgressQuestion = 'failures' | 'funnel' | 'silent' | 'progress' | 'seen';
