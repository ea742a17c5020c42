import type { zh } from '../zh'

export const files: (typeof zh)['files'] = {
  export: 'Export as YAML',
  import: 'Import YAML',
  importSay: 'The file of a project, or a plan file as perfsvc run takes it. Environments, scenes and plans of the same name are replaced; nothing is deleted. Data files and presets are not part of it: upload the files first. ****** keeps a stored secret.',
  choose: 'Choose a file',
  text: 'Text of the file, chosen or pasted',
  look: 'See what changes',
  take: 'Import',
  nothing: 'The file and the project are the same: nothing to change.',
  imported: 'Imported: {n} change | Imported: {n} changes',
  action: { create: 'new', update: 'replaced', keep: 'same' },
  kind: { env: 'environment', scene: 'scene', plan: 'plan' },
  copy: 'Copy',
  copyHere: 'Copy in this project',
  copyTo: 'Copy “{name}” to another project',
  copyToOther: 'Copy to another project…',
  target: 'Target project',
  noTarget: 'There is no other project that you may edit.',
  copied: '“{name}” was copied to {project}',
  copyOf: 'Copy of {name}',
}
