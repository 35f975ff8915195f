// OHIF 3.13: one data source, and a hanging protocol LE | DES | virtual DES for each view.
// Which image is which follows from its ImageType (0008,0008), never from its description.
'use strict';

const VIEW_OF_CODE = { 399162004: 'CC', 399368009: 'MLO', 399260004: 'ML', 399352003: 'LM' };
const VIEWS = ['R CC', 'L CC', 'R MLO', 'L MLO'];
const COLUMNS = ['LE', 'DES', 'VIRTUAL DES'];
const TITLES = { LE: 'Low energy', DES: 'DES, measured', other: 'Other image' };

const first = value => [].concat(value ?? [])[0];

function contentOf(instance) {
  const type = String(instance?.ImageType ?? '').split(/[\\,]/);
  if (type.includes('VIRTUAL_DES')) return 'VIRTUAL DES';
  if (type.includes('SUBTRACTION') || type.includes('RECOMBINED')) return 'DES';
  return type.includes('LOW_ENERGY') ? 'LE' : 'other';
}

function viewOf(instance) {
  const code = first(instance?.ViewCodeSequence)?.CodeValue;
  return `${instance?.ImageLaterality ?? '?'} ${VIEW_OF_CODE[code] ?? '?'}`;
}

const imageOf = displaySet => first(displaySet.images ?? displaySet.instances);

const selectorId = (view, content) => `${view} ${content}`;

const selectors = Object.fromEntries(
  VIEWS.flatMap(view =>
    COLUMNS.map(content => [
      selectorId(view, content),
      {
        seriesMatchingRules: [
          {
            attribute: 'cemImage',
            constraint: { equals: { value: selectorId(view, content) } },
            required: true,
          },
        ],
      },
    ])
  )
);

const link = (type, id) => ({ type, id, source: true, target: true });

function viewport(view, content) {
  const zoom = link('zoompan', 'cemZoom');
  return {
    viewportOptions: {
      viewportType: 'stack',
      toolGroupId: 'default',
      allowUnmatchedView: false,
      // One window for both recombined images: gray means the same in either
      syncGroups: content === 'LE' ? [zoom] : [zoom, link('voi', 'cemRecombined')],
    },
    displaySets: [{ id: selectorId(view, content) }],
  };
}

const stage = view => ({
  id: view,
  name: view,
  stageActivation: { enabled: { minViewportsMatched: 1 } },
  viewportStructure: { layoutType: 'grid', properties: { rows: 1, columns: 3 } },
  viewports: COLUMNS.map(content => viewport(view, content)),
});

const protocol = {
  id: 'cem',
  name: 'LE | DES | virtual DES',
  protocolMatchingRules: [],
  toolGroupIds: ['default'],
  displaySetSelectors: selectors,
  defaultViewport: viewport(VIEWS[0], 'LE'),
  stages: VIEWS.map(stage),
  numberOfPriorsReferenced: -1,
};

// OHIF 3.13 takes the first letter of a VOILUTFunction (0028,1056) for all of it, and fails
// (cornerstone3D issue 2844). Of a list it takes the first value: hand it a list.
function mendWindowFunction(metaData) {
  let asking = false;
  metaData.addProvider((kind, ...query) => {
    if (kind !== 'voiLutModule' || asking) return undefined;
    asking = true;
    const module = metaData.get(kind, ...query);
    asking = false;
    return module && { ...module, voiLUTFunction: [].concat(module.voiLUTFunction ?? []) };
  }, 1e6);
}

const extension = {
  id: 'cem-hanging',
  version: '1.0.0',
  preRegistration: ({ servicesManager }) =>
    servicesManager.services.hangingProtocolService.addCustomAttribute(
      'cemImage',
      'view and content of a contrast-enhanced mammogram',
      displaySet => selectorId(viewOf(imageOf(displaySet)), contentOf(imageOf(displaySet)))
    ),
  onModeEnter: ({ extensionManager }) =>
    mendWindowFunction(
      extensionManager
        .getModuleEntry('@ohif/extension-cornerstone.utilityModule.common')
        .exports.getCornerstoneLibraries().cornerstone.metaData
    ),
  getHangingProtocolModule: () => [{ name: protocol.id, protocol }],
};

const isVirtual = image => contentOf(image) === 'VIRTUAL DES';

const line = (id, color, condition, text) => ({
  id,
  color,
  inheritsFrom: 'ohif.overlayItem',
  title: 'What this image is, by its header',
  condition: ({ referenceInstance }) => referenceInstance && condition(referenceInstance),
  contentF: ({ referenceInstance }) => text(referenceInstance),
});

const lines = [
  line('cemView', 'white', () => true, viewOf),
  line('cemTitle', 'white', image => !isVirtual(image), image => TITLES[contentOf(image)]),
  line('cemVirtual', 'orange', isVirtual, () => 'VIRTUAL DES'),
  line('cemWarning', 'orange', isVirtual, () => 'AI, no iodine measured'),
];

window.config = {
  name: 'cem_monai',
  routerBasename: null,
  extensions: [extension],
  modes: [],
  modesConfiguration: {
    '@ohif/mode-longitudinal': { hangingProtocol: { $set: protocol.id } },
  },
  customizationService: [{ 'viewportOverlay.topLeft': { $set: lines }, 'ohif.tours': { $set: [] } }],
  showStudyList: true,
  activateViewportBeforeInteraction: false, // a drag counts wherever it begins
  maxNumberOfWebWorkers: 2,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  investigationalUseDialog: { option: 'never' },
  maxNumRequests: { interaction: 10, thumbnail: 5, prefetch: 5 },
  defaultDataSourceName: 'orthanc',
  dataSources: [
    {
      namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
      sourceName: 'orthanc',
      configuration: {
        friendlyName: 'Orthanc on this machine',
        name: 'orthanc',
        qidoRoot: '/dicom-web',
        wadoRoot: '/dicom-web',
        wadoUriRoot: '/wado',
        imageRendering: 'wadors',
        thumbnailRendering: 'wadors',
        qidoSupportsIncludeField: true,
        enableStudyLazyLoad: true,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        dicomUploadEnabled: false,
        omitQuotationForMultipartRequest: true,
        bulkDataURI: { enabled: false },
      },
    },
  ],
};
