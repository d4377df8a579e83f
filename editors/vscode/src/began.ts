// When the extension began to load; the first module that is evaluated.

export const began = performance.now();
