FROM node:24-slim AS build
WORKDIR /plimsoll
COPY package.json package-lock.json ./
# The page is built with everything else, once the sources are there.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /plimsoll
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=build /plimsoll/dist ./dist
COPY examples ./examples
# A volume mounted here takes over its owner.
RUN mkdir runs && chown node:node runs
USER node
EXPOSE 8089
ENTRYPOINT ["node", "dist/main.js"]
CMD ["--help"]
