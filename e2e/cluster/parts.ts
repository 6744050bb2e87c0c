/** What has to be in the cache before a cluster can be started. */
import { ensureTools, type Reporter } from './build.ts'
import { ensureDebian, ensureMonitoring, type DebianPrograms } from './debian.ts'
import { ensureBusyboxImage } from './image.ts'
import { CHART_TOOLS, CONTROL_PLANE_TOOLS, DNS_TOOLS, MONITORING_TOOLS, NODE_TOOLS, SIMULATION_TOOLS } from './tools.ts'

/** What a node is made of besides the programs of the control plane. */
export interface NodeParts {
  readonly programs: DebianPrograms
  /** Archive of the demo image. */
  readonly image: string
}

/** Undefined for a control plane alone. */
export async function ensureParts(node: boolean, report: Reporter): Promise<NodeParts | undefined> {
  // The quick part first: a mirror out of reach is told before minutes of building.
  const programs = node ? await ensureDebian(report) : undefined
  const image = programs === undefined ? undefined : await ensureBusyboxImage(programs.busybox, report)
  await ensureTools([...CONTROL_PLANE_TOOLS, ...(node ? NODE_TOOLS : [])], report)
  return programs === undefined || image === undefined ? undefined : { programs, image }
}

export async function ensureMonitoringParts(report: Reporter): Promise<void> {
  await ensureMonitoring(report)
  await ensureTools(MONITORING_TOOLS, report)
}

export const ensureDnsParts = async (report: Reporter): Promise<void> => ensureTools(DNS_TOOLS, report)
export const ensureChartParts = async (report: Reporter): Promise<void> => ensureTools(CHART_TOOLS, report)

export const ensureSimulationParts = async (report: Reporter): Promise<void> => ensureTools(SIMULATION_TOOLS, report)
