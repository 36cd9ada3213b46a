import tseslint from 'typescript-eslint';
import { layerBorders } from './eslint/layerBorders.mjs';

/** A file beyond this does more than one thing; what is over it is looked at, not forbidden. */
const MAX_LINES = 400;

export default tseslint.config(
  {
    // The kernel is AssemblyScript: it looks like TypeScript, and its own compiler checks it.
    ignores: ['dist/', '.cache/', 'test-results/', 'src/kernel/', 'examples/'],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { prefer: 'type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // An interface may promise what one of its implementations knows at once.
      '@typescript-eslint/require-await': 'off',
      // Cannot tell a bag of functions that an interface describes from a class's methods.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-param-reassign': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'max-lines': ['warn', { max: MAX_LINES, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { weightgram: { rules: { 'layer-borders': layerBorders } } },
    rules: { 'weightgram/layer-borders': 'error' },
  },
  {
    // These talk to a person at a terminal.
    files: ['scripts/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'evaluate/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'evaluate/**/*.ts'],
    rules: {
      // mocha hands `this` to functions, and tests look at what they know to be there.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
);
