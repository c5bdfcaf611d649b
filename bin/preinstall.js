import { requirePlatform } from './platform.js';

requirePlatform();
