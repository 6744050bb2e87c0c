/** Which revision of its workload's template a pod has. Pure. */
import type { PodView, WorkloadView } from './snapshot.ts'

/** Where the StatefulSet controller writes it. */
export const REVISION_LABEL = 'controller-revision-hash'

/** Whether the pod of a StatefulSet is of its newest template. What its controller has not seen yet is in no status: see `isSeen`. */
export const isOfNewestRevision = ({ updateRevision }: Pick<WorkloadView, 'updateRevision'>, { labels }: Pick<PodView, 'labels'>): boolean => updateRevision !== '' && labels[REVISION_LABEL] === updateRevision

/** Whether the status of the workload is about its spec as it is now. */
export const isSeen = ({ generation, observedGeneration }: Pick<WorkloadView, 'generation' | 'observedGeneration'>): boolean => observedGeneration >= generation
