FROM rootfs:@top@/tests/unit/recipe/data/base AS runtime
COPY README /README
USER 65532:65532
CMD ["/bin/sh"]
